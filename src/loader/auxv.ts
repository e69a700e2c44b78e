// buildAuxv: what the kernel tells a new program about itself (man 3 getauxval).

import * as abi from '../abi/auxv.ts'
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
    [abi.AT_MINSIGSTKSZ, request.minSignalStack],
    [abi.AT_HWCAP, request.hwcap],
    [abi.AT_PAGESZ, PAGE_SIZE],
    [abi.AT_CLKTCK, USER_HZ],
    [abi.AT_PHDR, image.phdrAddress + layout.bias],
    [abi.AT_PHENT, image.phentsize],
    [abi.AT_PHNUM, image.phnum],
    [abi.AT_BASE, layout.interpreterBias],
    [abi.AT_FLAGS, 0],
    [abi.AT_ENTRY, image.entry + layout.bias],
    [abi.AT_UID, request.uid],
    [abi.AT_EUID, request.euid],
    [abi.AT_GID, request.gid],
    [abi.AT_EGID, request.egid],
    [abi.AT_SECURE, request.secure ? 1 : 0],
    [abi.AT_HWCAP2, request.hwcap2],
  ]
  if (layout.vdsoAddress === 0) return entries
  return [[abi.AT_SYSINFO_EHDR, layout.vdsoAddress], ...entries]
}
