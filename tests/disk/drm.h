/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the program of a guest: pictures by the kernel's DRM interface, on the first card. The commands are
 *
 *     drm modes N                  the modes of connector N, the one that is preferred first
 *     drm show N WIDTHxHEIGHT      two buffers for the mode, and the first one on display N
 *     drm fill B X Y W H COLOUR    a rectangle (COLOUR in hexadecimal) in buffer B, 0 or 1; nobody is told
 *     drm dirty B X Y W H          now the driver is
 *     drm flip B                   shows the other buffer, and waits until that is done
 *     drm cursor COLOUR X Y        a pointer of that colour (alpha first), whose hot spot is there
 *     drm move X Y                 its upper left corner
 *     drm hide ON                  no pointer
 */
#ifndef TESTS_DISK_DRM_H
#define TESTS_DISK_DRM_H

/* One of the commands, its arguments in more; 0, or -1 with errno. */
int drm(const char *word, const char *more);

#endif
