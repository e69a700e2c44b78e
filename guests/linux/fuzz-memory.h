// fuzz-memory.h: random calls about memory, futexes and System V objects, for hostile-fuzz-processes.
#pragma once

#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/uio.h>

#include "fuzz.h"

static size_t some_pages(Source *s) { return (1 + below(s, 12)) * PAGE_BYTES; }
static int some_protection(Source *s) { return (int)SOME(s, PROT_READ, PROT_WRITE, PROT_EXEC); }

static void map(Source *s) {
  int flags = (int)PICK(s, MAP_PRIVATE, MAP_PRIVATE, MAP_SHARED) | (int)SOME(s, MAP_NORESERVE, MAP_POPULATE);
  bool has_file = one_in(s, 3);
  char *at = a_page(s);
  size_t length = some_pages(s);
  // What lies past the arena is the program's own.
  if (at + length > ARENA + ARENA_PAGES * PAGE_BYTES) at = ARENA;
  int protection = one_in(s, 3) ? some_protection(s) : PROT_READ | PROT_WRITE;
  mmap(at, length, protection, flags | MAP_FIXED | (has_file ? 0 : MAP_ANONYMOUS), has_file ? some_fd(s) : -1,
       below(s, 4) * PAGE_BYTES);
}

static void change_map(Source *s) {
  char *at = a_page(s);
  size_t length = some_pages(s);
  if (at + length > ARENA + ARENA_PAGES * PAGE_BYTES) return;
  switch (below(s, 8)) {
    case 0: munmap(at, length); break;
    case 1: mprotect(at, length, some_protection(s)); break;
    case 2: mprotect(at, length, PROT_READ | PROT_WRITE); break;
    case 3: mremap(at, length, some_pages(s), MREMAP_MAYMOVE | MREMAP_FIXED, ARENA + below(s, 48) * PAGE_BYTES); break;
    case 4: mremap(at, length, some_pages(s) / 2, 0); break;
    case 5: msync(at, length, (int)SOME(s, MS_SYNC, MS_INVALIDATE)); break;
    case 6: one_in(s, 2) ? mlock(at, length) : munlock(at, length); break;
    default:
      madvise(at, length, (int)PICK(s, MADV_DONTNEED, MADV_REMOVE, MADV_FREE, MADV_DONTFORK, MADV_DOFORK, MADV_WILLNEED,
                                    MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_POPULATE_READ, MADV_POPULATE_WRITE, 999));
  }
}

// Its faults map a page: on_fault.
static void touch(Source *s) {
  for (int i = 0; i < 10; i++) {
    volatile char *at = ARENA + below(s, ARENA_PAGES * PAGE_BYTES);
    if (one_in(s, 2)) *at = (char)i;
    else (void)*at;
  }
}

static void use_futex(Source *s) {
  uint32_t *word = one_in(s, 2) ? &common->words[below(s, 64)] : (uint32_t *)((uintptr_t)in_arena(s) & ~3ul);
  uint32_t *other = one_in(s, 2) ? &common->words[below(s, 64)] : (uint32_t *)((uintptr_t)in_arena(s) & ~3ul);
  struct timespec timeout = soon(s);
  long operation = PICK(s, FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_WAIT_BITSET,
                        FUTEX_WAKE_BITSET, FUTEX_LOCK_PI, FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_LOCK_PI2,
                        FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI, 77);
  operation |= (long)SOME(s, FUTEX_PRIVATE_FLAG);
  bool waits = one_in(s, 2);
  futex(word, (int)operation, below(s, 3), waits ? (void *)&timeout : (void *)(uintptr_t)below(s, 5), other,
        one_in(s, 2) ? (uint32_t)next64(s) : below(s, 3));
}

static void set_words(Source *s) {
  if (one_in(s, 2)) syscall(SYS_set_robust_list, in_arena(s), 24);
  else syscall(SYS_set_tid_address, in_arena(s));
}

static void reach_over(Source *s) {
  struct iovec here = {in_arena(s), some_length(s)}, there = {in_arena(s), some_length(s)};
  if (one_in(s, 2)) process_vm_readv(some_pid(s), &here, 1, &there, 1, 0);
  else process_vm_writev(some_pid(s), &here, 1, &there, 1, 0);
}

static void use_system_v(Source *s) {
  key_t key = (key_t)(1 + below(s, 4));
  struct sembuf actions[2] = {{(unsigned short)below(s, 4), (short)PICK(s, -1, 0, 1, 1, 1, 32767), SEM_UNDO},
                              {(unsigned short)below(s, 4), 1, IPC_NOWAIT}};
  struct timespec timeout = soon(s);
  switch (below(s, 10)) {
    case 0: shmat(shmget(key, some_pages(s), IPC_CREAT | 0600), ARENA + below(s, 52) * PAGE_BYTES, SHM_REMAP); break;
    case 1: shmdt(a_page(s)); break;
    case 2: shmctl(shmget(key, 0, 0), (int)PICK(s, IPC_RMID, IPC_STAT, SHM_STAT, SHM_INFO), in_arena(s)); break;
    case 3: syscall(SYS_semtimedop, semget(key, 4, IPC_CREAT | 0600), actions, 1 + below(s, 2), &timeout); break;
    case 4: semctl(semget(key, 4, 0), (int)below(s, 5), (int)PICK(s, IPC_RMID, GETALL, SETALL, SETVAL, IPC_STAT), in_arena(s)); break;
    case 5: case 6: msgsnd(msgget(key, IPC_CREAT | 0600), in_arena(s), below(s, 5000), IPC_NOWAIT); break;
    case 7: msgrcv(msgget(key, IPC_CREAT | 0600), in_arena(s), 5000, PICK(s, 0, 1, -1), (int)SOME(s, IPC_NOWAIT, MSG_NOERROR)); break;
    case 8: msgctl(msgget(key, 0), (int)PICK(s, IPC_RMID, IPC_STAT, MSG_INFO), in_arena(s)); break;
    default: semop(semget(key, 4, 0), actions, 1);
  }
}
