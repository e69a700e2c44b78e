// The numbers in the system call table are those of the kernel's headers. (Package linux-libc-dev; arm64's are the generic ones.)

import {existsSync, readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {table} from '../../../../src/sentry/syscalls/table.ts'

const architectures = [
  {
    arch: 'x86_64',
    headers: ['/usr/include/x86_64-linux-gnu/asm/unistd_64.h', '/usr/include/asm/unistd_64.h'],
  },
  {arch: 'arm64', headers: ['/usr/include/asm-generic/unistd.h']},
] as const

/** Numbers by name. The generic header gives calls that differ on 32-bit machines as `#define __NR_mmap __NR3264_mmap`. */
function numbersIn(header: string): Map<string, number> {
  const text = readFileSync(header, 'utf8')
  const numbers = new Map<string, number>()
  for (const [, name, digits] of text.matchAll(/^#define (__NR(?:3264)?_\w+)\s+(\d+)/gm)) {
    numbers.set(name, Number(digits))
  }
  for (const [, name, other] of text.matchAll(/^#define (__NR_\w+)\s+(__NR3264_\w+)/gm)) {
    const number = numbers.get(other)
    if (number !== undefined && !numbers.has(name)) numbers.set(name, number)
  }
  numbers.delete('__NR_syscalls')
  return numbers
}

for (const {arch, headers} of architectures) {
  const header = headers.find((path) => existsSync(path))
  describe.skipIf(header === undefined)(`table numbers against ${headers[0]}`, () => {
    const numbers = header === undefined ? new Map<string, number>() : numbersIn(header)

    test('the header has numbers to compare with', () => {
      expect(numbers.get('__NR_openat')).toBe(arch === 'x86_64' ? 257 : 56)
      expect(numbers.size).toBeGreaterThan(300)
    })

    test(`every call that the header knows has its ${arch} number, and no other call has one`, () => {
      const newest = Math.max(...numbers.values())
      // A call newer than the header is not wrong.
      const rows = table.filter((row) => !((row[arch] ?? 0) > newest))
      const expected = rows.map(({name}) => [name, numbers.get(`__NR_${name}`)])
      expect(rows.map((row) => [row.name, row[arch]])).toEqual(expected)
    })

    test(`no two calls share a ${arch} number`, () => {
      const used = table.map((row) => row[arch]).filter((number) => number !== undefined)
      expect(used.length).toBe(new Set(used).size)
    })
  })
}
