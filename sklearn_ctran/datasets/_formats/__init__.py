"""Labels of images from and to the files of other tools."""
