// misbehave.h: between misbehave.c and the architecture's part of it.
#ifndef MISBEHAVE_H
#define MISBEHAVE_H

// No memory and no device is here.
#define NOWHERE 0xd0000000ul
// Of the first vector register, when it is `vectors` that goes wrong: 16 bytes.
#define VECTOR {0x0706050403020100, 0x0f0e0d0c0b0a0908}

int is(const char *a, const char *b);
// arch/: does what only this architecture can, when `how` is one of it.
void misbehave_here(const char *how);

#endif
