// The huge pages that a VM's memory may have: what the option says, and what the host lacks for it.

import {existsSync, readdirSync} from 'node:fs'
import {badArgument, HvError} from '../errors.ts'
import * as takes from '../options.ts'

/**
 * `transparent`, or `true`: the host may give huge pages as it finds them (man 2 madvise, MADV_HUGEPAGE): a hint, which never fails.
 * A size: the memory consists of such pages, which the host has set aside (hugetlb; Linux, admin-guide/mm/hugetlbpage.rst): none of them is
 * split, moved or swapped out, and they are taken at once. KVM maps them as such where the memory begins at a multiple of the size. x86_64 has
 * `2M` and `1G`; arm64 has others, by the host's page size. `false`: none of either.
 *
 * @example
 * using large = Vm.create({memoryBytes: 0x200000, memoryBase: vm.memory.base, hugePages: 'transparent'})
 */
export type HugePages = boolean | 'transparent' | '64K' | '2M' | '32M' | '512M' | '1G' | '16G'

type Size = Exclude<HugePages, boolean | 'transparent'>
const KIB: Record<Size, number> = {
  '64K': 64,
  '2M': 2048,
  '32M': 32768,
  '512M': 524288,
  '1G': 1048576,
  '16G': 16777216,
}
const SIZES = Object.keys(KIB) as Size[]

/** @internal */
export const hugePages = takes.either(
  [takes.truth, takes.oneOf(['transparent' as const, ...SIZES])],
  `true, false, 'transparent', or the size of a page: ${SIZES.join(', ')}`,
)

/** native/napi/vm_memory.cc. */
const TRANSPARENT = 1
const SETTINGS = '/sys/kernel/mm/hugepages'
const poolOf = (size: Size): string => `${SETTINGS}/hugepages-${KIB[size]}kB`

/** @returns a page's bytes; 1: transparent; 0: no huge pages @throws HvError MEMORY_SIZE, HOST_SYSCALL */
export function hugePageBytes(pages: HugePages, bytes: number): number {
  if (pages === true || pages === 'transparent') return TRANSPARENT
  if (pages === false) return 0
  const size = KIB[pages] * 1024
  if (bytes % size !== 0) {
    const message = `${bytes} bytes of memory are no whole number of huge pages of ${pages}`
    throw new HvError('MEMORY_SIZE', message, `give a multiple of ${size}`)
  }
  if (!existsSync(poolOf(pages))) {
    const others = existsSync(SETTINGS) ? readdirSync(SETTINGS).join(', ') : 'none at all'
    throw new HvError(
      'HOST_SYSCALL',
      `the host has no huge pages of ${pages}`,
      `it has ${others} (${SETTINGS})`,
    )
  }
  return size
}

/** ENOMEM of such memory. */
export function outOfHugePages(pages: Size, bytes: number, cause: Error): HvError {
  const count = bytes / 1024 / KIB[pages]
  const message = `the host has fewer than ${count} free huge pages of ${pages}`
  return new HvError('OUT_OF_MEMORY', message, `write ${count} or more to ${poolOf(pages)}/nr_hugepages`, {
    cause,
  })
}

export const isSize = (pages: HugePages): pages is Size => typeof pages === 'string' && pages in KIB

/** Pages of a file are the file's. @throws HvError BAD_ARGUMENT */
export function refuseFile(pages: HugePages): void {
  if (isSize(pages))
    throw badArgument('a file has no huge pages of its own', 'give hugePages a size, or a file')
}
