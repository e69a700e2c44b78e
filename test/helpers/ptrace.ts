// The processes that the ptrace platform runs programs in, as tests look at them.

import {readFileSync} from 'node:fs'
import {describe} from 'vitest'
import {addon} from '../../src/addon.ts'
import type {AddressSpace, Platform} from '../../src/platform/platform.ts'
import {PtracePlatform} from '../../src/platform/ptrace/ptrace.ts'
import type {PtraceSpace} from '../../src/platform/ptrace/space.ts'
import {withCosts} from './costs.ts'

/** Skipped by name where the host allows no tracing. */
export const describePtrace: ReturnType<typeof describe.skipIf> = describe.skipIf(!canTrace())

export function canTrace(): boolean {
  const tracer = new addon.Tracer(1 << 20)
  try {
    const space = new addon.TracedSpace()
    space.open(tracer)
    space.dispose()
    return true
  } catch {
    return false
  } finally {
    tracer.dispose()
  }
}

export function pidOf(space: AddressSpace): number {
  return (space as PtraceSpace).traced.pid
}

export function openPtrace(): Platform {
  return withCosts(new PtracePlatform(1 << 24))
}

/** A file in /proc of a process. */
export function procOf(pid: number, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, 'utf8')
}
