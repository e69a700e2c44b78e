// The proof that a host can run guests: a real VM, a program in ring 3, and its system calls answered here.

import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {HvError} from '../errors.ts'
import {KvmPlatform} from './kvm/kvm.ts'
import {EVENT_SYSCALL, PAGE_SIZE, type Platform, PROT_EXEC, PROT_READ} from './platform.ts'

const MEMORY_BYTES = 16 << 20
const CODE_ADDRESS = 0x10000
/** Enough for the fastest of them to be undisturbed, too few for the platform to begin to listen. */
const EXITS = 7
const LISTENED = 2000
/** A host that does not answer within this much will not. */
const PATIENCE_NS = 1e9

/**
 * Runs a loop of getpid calls and answers each.
 * @returns nanoseconds of a trap and its answer: by exit (the fastest), and while listening (the mean), if it came to that
 * @throws HvError that says what failed
 */
export function measureTrap(): {roundTripNs: number; listeningNs: number | undefined} {
  using kvm = new KvmPlatform(MEMORY_BYTES)
  const platform: Platform = kvm
  const space = platform.createSpace()
  const code = platform.memory.allocate(PAGE_SIZE)
  platform.memory.bytes.set(arch.callLoop, code)
  space.map(CODE_ADDRESS, PAGE_SIZE, code, PROT_READ | PROT_EXEC)
  const context = platform.createContext()
  context.writeRegisters(arch.initialRegisters(CODE_ADDRESS, 0))

  const trap = (): number => {
    const startNs = addon.monotonicNs()
    platform.resume(context, space)
    const event = platform.wait(startNs + PATIENCE_NS)
    if (event === EVENT_SYSCALL && context.callNumber === arch.callLoopNumber)
      return addon.monotonicNs() - startNs
    throw new HvError('VCPU_FAILED', `a system call in the guest gave event ${event} in place of a trap`)
  }
  let roundTripNs = Number.POSITIVE_INFINITY
  for (let i = 0; i < EXITS; i++) roundTripNs = Math.min(roundTripNs, trap())

  const before = platform.stats.listened
  const startNs = addon.monotonicNs()
  for (let i = 0; i < LISTENED; i++) trap()
  const meanNs = (addon.monotonicNs() - startNs) / LISTENED
  const listened = platform.stats.listened - before > LISTENED / 2
  space.dispose()
  return {roundTripNs, listeningNs: listened ? meanNs : undefined}
}
