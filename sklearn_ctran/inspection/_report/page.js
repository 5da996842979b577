"use strict";
// Tables are sorted by the column whose heading is pressed; pressing it again turns the order.
function valueOf(row, column) {
  const cell = row.cells[column];
  return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
}
function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}
function isMissing(value) {
  return Number.isNaN(value) || value === "";
}
function sortBy(heading) {
  const table = heading.closest("table"), body = table.tBodies[0];
  const column = heading.cellIndex, isNumber = heading.classList.contains("number");
  const before = heading.getAttribute("aria-sort");
  // Numbers begin with the largest, names with A.
  const order = before ? (before === "ascending" ? "descending" : "ascending")
    : (isNumber ? "descending" : "ascending");
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  const rows = Array.from(body.rows, (row) => [valueOf(row, column), row]);
  rows.sort(([a], [b]) => {
    if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
    return sign * compare(a, b);
  });
  body.append(...rows.map(([, row]) => row));
}
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sortBy(button.parentElement));
}
