debian-installer-12-netboot-mipsel
