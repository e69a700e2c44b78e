// misbehave.h: between misbehave.c and the architecture's part of it.
#ifndef MISBEHAVE_H
#define MISBEHAVE_H

// No memory and no device is here.
#define NOWHERE 0xd0000000ul

int is(const char *a, const char *b);
// arch/: does what only this architecture can, when `how` is one of it.
void misbehave_here(const char *how);

#endif
