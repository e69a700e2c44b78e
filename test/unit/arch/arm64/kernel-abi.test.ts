// arm64's numbers and layouts, against the kernel's and the C library's headers.

import {beforeAll, describe, expect, test} from 'vitest'
import * as openFlags from '../../../../src/abi/open-flags.ts'
import {encodeStat} from '../../../../src/abi/stat.ts'
import {kernelAbi} from '../../../../src/arch/arm64/kernel-abi.ts'
import {canRunArm64, numbersOfArm64} from '../../../helpers/arm64.ts'

const OPEN_FLAGS =
  'O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_DSYNC O_ASYNC O_DIRECT O_LARGEFILE O_DIRECTORY O_NOFOLLOW ' +
  'O_NOATIME O_CLOEXEC O_SYNC O_PATH O_TMPFILE'
const names = OPEN_FLAGS.split(' ')
const flags: Readonly<Record<string, number>> = {...openFlags}

// Only asm/ and linux/: the C library says that O_LARGEFILE is 0.
const NUMBERS = `
#include <asm/fcntl.h>
#include <asm/signal.h>
#include <asm/stat.h>
#include <linux/eventpoll.h>
int printf(const char*, ...);
#define P(t, f) printf("%s.%s %d\\n", #t, #f, (int)__builtin_offsetof(struct t, f))
int main(void) {
  ${names.map((name) => `printf("${name} %d\\n", ${name === 'O_ASYNC' ? 'FASYNC' : name});`).join('\n  ')}
  P(stat, st_mode); P(stat, st_nlink); P(stat, st_uid); P(stat, st_gid); P(stat, st_rdev); P(stat, st_size);
  P(stat, st_blksize); P(stat, st_blocks); P(stat, st_atime); P(stat, st_mtime); P(stat, st_ctime);
  P(epoll_event, data);
  printf("stat.bytes %d\\nepoll_event.bytes %d\\n", (int)sizeof(struct stat), (int)sizeof(struct epoll_event));
  printf("MINSIGSTKSZ %d\\n", MINSIGSTKSZ);
}`

describe.skipIf(!canRunArm64)('arm64', () => {
  let layout: (name: string) => number

  beforeAll(() => {
    layout = numbersOfArm64(NUMBERS)
  })

  test.each(names)('has %s where the kernel has it', (name) => {
    expect(kernelAbi.openFlags(flags[name])).toBe(layout(name))
    expect(kernelAbi.openFlags(layout(name))).toBe(flags[name])
  })

  test('has the kernel’s struct stat', () => {
    const fields = {
      dev: 1,
      ino: 2,
      mode: 3,
      nlink: 4,
      uid: 5,
      gid: 6,
      rdev: 7,
      size: 8,
      blocks: 9,
      blksize: 10,
    }
    const [atime, mtime, ctime, btime] = [11, 12, 13, 14].map((seconds) => ({seconds, nanoseconds: 0}))
    const view = new DataView(new Uint8Array(kernelAbi.stat.size).fill(0xff).buffer)
    encodeStat(view, {...fields, atime, mtime, ctime, btime}, kernelAbi.stat)

    expect(view.byteLength).toBe(layout('stat.bytes'))
    const narrow = ['mode', 'nlink', 'uid', 'gid', 'blksize']
    expect(narrow.map((name) => view.getInt32(layout(`stat.st_${name}`), true))).toEqual([3, 4, 5, 6, 10])
    const wide = ['rdev', 'size', 'blocks', 'atime', 'mtime', 'ctime']
    const values = wide.map((name) => Number(view.getBigInt64(layout(`stat.st_${name}`), true)))
    expect(values).toEqual([7, 8, 9, 11, 12, 13])
  })

  test('has the kernel’s struct epoll_event and MINSIGSTKSZ', () => {
    const {epollEvent, minSignalStack} = kernelAbi
    expect(epollEvent).toEqual({size: layout('epoll_event.bytes'), data: layout('epoll_event.data')})
    expect(minSignalStack).toBe(layout('MINSIGSTKSZ'))
  })
})

test('a flag that nobody knows stays where it is', () => {
  expect(kernelAbi.openFlags(1 << 30)).toBe(1 << 30)
})
