// misbehave.h: shared by misbehave.c and the architecture's part of it.
#pragma once

// There is no memory and no device here.
#define NOWHERE 0xd0000000ul
// The 16 bytes of the first vector register for `vectors`.
#define VECTOR {0x0706050403020100, 0x0f0e0d0c0b0a0908}

int is(const char *a, const char *b);
// arch/: misbehaves as only this architecture can, if `how` names one of its ways.
void misbehave_here(const char *how);
