// A row of the system call table has a number on every architecture whose kernel has the call. (table.test.ts tests that they are right.)

import {existsSync, readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {table} from '../../../../src/sentry/syscalls/table.ts'

/** linux-libc-dev's headers; arm64 uses asm-generic's. */
const headers = {
  x86_64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
  arm64: '/usr/include/asm-generic/unistd.h',
} as const

for (const arch of ['x86_64', 'arm64'] as const) {
  const header = headers[arch]
  test.skipIf(!existsSync(header))(`no row lacks a number that ${header} has`, () => {
    const text = readFileSync(header, 'latin1')
    // asm-generic gives some as `#define __NR3264_mmap 222`.
    const known = new Set(
      Array.from(text.matchAll(/^#define __NR(?:3264)?_(\w+)\s+\d/gm), ([, name]) => name),
    )
    expect(known).toContain('openat')
    const lacking = table.filter((row) => row[arch] === undefined && known.has(row.name))
    expect(lacking.map(({name}) => name)).toEqual([])
  })
}
