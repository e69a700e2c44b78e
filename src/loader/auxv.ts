// buildAuxv: what the kernel tells a new program about itself (man 3 getauxval).

import {
  AT_BASE,
  AT_CLKTCK,
  AT_EGID,
  AT_ENTRY,
  AT_EUID,
  AT_FLAGS,
  AT_GID,
  AT_HWCAP,
  AT_HWCAP2,
  AT_MINSIGSTKSZ,
  AT_PAGESZ,
  AT_PHDR,
  AT_PHENT,
  AT_PHNUM,
  AT_SECURE,
  AT_SYSINFO_EHDR,
  AT_UID,
} from '../abi/auxv.ts'
import {USER_HZ} from '../abi/time.ts'
import type {ElfImage} from '../elf/image.ts'
import {PAGE_SIZE} from '../platform/platform.ts'
import type {Layout} from './layout.ts'

/** A type (AT_*) and its value; a bigint only where 53 bits are too few (arm64's hardware capabilities). */
export type AuxEntry = readonly [type: number, value: number | bigint]

export interface AuxvRequest {
  readonly image: ElfImage
  readonly layout: Pick<Layout, 'bias' | 'interpreterBias' | 'vdsoAddress'>
  readonly uid: number
  readonly euid: number
  readonly gid: number
  readonly egid: number
  /** The program gained privileges by its set-user-ID bit or file capabilities. */
  readonly secure: boolean
  /** Processor features as Linux encodes them: x86_64's is CPUID 1 EDX. */
  readonly hwcap: number | bigint
  readonly hwcap2: number | bigint
  /** The most bytes that a signal frame takes: it grows with the processor's XSAVE area. */
  readonly minSignalStack: number
}

/** All entries but AT_RANDOM, AT_EXECFN and AT_PLATFORM, which point into the stack: buildStack adds them, and AT_NULL. */
export function buildAuxv(request: AuxvRequest): AuxEntry[] {
  const {image, layout} = request
  const entries: AuxEntry[] = [
    [AT_MINSIGSTKSZ, request.minSignalStack],
    [AT_HWCAP, request.hwcap],
    [AT_PAGESZ, PAGE_SIZE],
    [AT_CLKTCK, USER_HZ],
    [AT_PHDR, image.phdrAddress + layout.bias],
    [AT_PHENT, image.phentsize],
    [AT_PHNUM, image.phnum],
    [AT_BASE, layout.interpreterBias],
    [AT_FLAGS, 0],
    [AT_ENTRY, image.entry + layout.bias],
    [AT_UID, request.uid],
    [AT_EUID, request.euid],
    [AT_GID, request.gid],
    [AT_EGID, request.egid],
    [AT_SECURE, request.secure ? 1 : 0],
    [AT_HWCAP2, request.hwcap2],
  ]
  if (layout.vdsoAddress === 0) return entries
  return [[AT_SYSINFO_EHDR, layout.vdsoAddress], ...entries]
}
