// loadImage: puts a program into new memory, as execve(2) does, and computes the registers that it starts with.

import {AT_NULL} from '../../abi/auxv.ts'
import {ADDR_NO_RANDOMIZE} from '../../abi/prctl.ts'
import {arch} from '../../arch/index.ts'
import {buildAuxv} from '../../loader/auxv.ts'
import {chooseLayout, type Layout} from '../../loader/layout.ts'
import {planSegments, type SegmentMapping} from '../../loader/segments.ts'
import {buildStack} from '../../loader/stack.ts'
import {PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {Location} from '../../vfs/location.ts'
import {pathOf} from '../../vfs/mount-tree.ts'
import type {Credentials} from '../core/credentials.ts'
import type {Kernel} from '../core/kernel.ts'
import {type ResourceLimits, RLIMIT_STACK} from '../core/resource-limits.ts'
import {backingOf} from '../memory/mapping-backing.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {populate} from '../memory/populate.ts'
import {Space} from '../memory/space.ts'
import {type Backing, pageAlign, VM_GROWSDOWN, VM_SPECIAL} from '../memory/vma.ts'
import type {Program} from '../task/process.ts'
import type {Executable} from './open-executable.ts'
import type {Vdso} from './vdso.ts'

/** Space that Linux gives a new program's stack at once, beyond its strings. */
const STACK_HEADROOM = 128 << 10
const COMM_LENGTH = 15
/** How much of a program's data to populate: most of it is relocated at once. */
const DATA_AHEAD = 64 << 10

export interface ExecRequest {
  readonly executable: Executable
  readonly argv: readonly string[]
  readonly envp: readonly string[]
  readonly credentials: Credentials
  /** AT_SECURE. */
  readonly isSecure: boolean
  /** personality(2)'s. */
  readonly personality: number
}

/** A program in memory of its own, before its first instruction. */
export interface LoadedImage {
  readonly space: Space
  readonly registers: BigUint64Array
  /** What /proc shows of it. */
  readonly program: Program
}

/**
 * @param limits of the process that will get the memory
 * @throws HvError BAD_ELF, PTRACE_UNUSABLE (no further process); Errno E2BIG, ENOMEM
 */
export function loadImage(
  kernel: Kernel,
  root: Location,
  limits: ResourceLimits,
  request: ExecRequest,
): LoadedImage {
  const {image, interpreter} = request.executable
  const layout = chooseLayout({
    ...{image, interpreter: interpreter?.image, userTop: kernel.platform.userTop},
    stackLimit: limits.get(RLIMIT_STACK).soft,
    vdsoLength: kernel.vdso?.image.length ?? 0,
    random:
      request.personality & ADDR_NO_RANDOMIZE
        ? undefined
        : (length) => kernel.host.random.fill(new Uint8Array(length)),
  })
  const space = Space.create(kernel.platform, {
    ...{space: kernel.platform.createSpace(), limits, mmapBase: layout.mmapTop},
    budget: kernel.budget.part(),
    executable: request.executable.description,
    patchCalls: kernel.patchCalls,
  })
  try {
    return {space, ...fillMemory(kernel, space, root, layout, request)}
  } catch (error) {
    space.release()
    throw error
  }
}

function fillMemory(
  kernel: Kernel,
  space: Space,
  root: Location,
  layout: Layout,
  request: ExecRequest,
): {registers: BigUint64Array; program: Program} {
  const {vdso, processes} = kernel
  const {map, callPatches} = space
  const {executable} = request
  const {interpreter} = executable
  mapImage(space, executable, backingOf(executable.description, root, processes), layout.bias)
  if (interpreter !== undefined)
    mapImage(space, interpreter, backingOf(interpreter.description, root, processes), layout.interpreterBias)
  if (vdso !== undefined) mapVdso(map, vdso, layout)
  map.heap.place(layout.brkStart)
  callPatches?.reserve(layout.start)
  const {sp, auxv} = writeStack(kernel, space, layout, request)

  const {path, removed} = pathOf(executable.description.location!, root)
  return {
    registers: arch.initialRegisters(layout.start, sp),
    program: {
      executable: executable.description.location,
      path: removed ? executable.path : path,
      argv: request.argv,
      envp: request.envp,
      auxv,
      signalTrampoline: vdso?.signalTrampoline === undefined ? 0 : layout.vdsoAddress + vdso.signalTrampoline,
    },
  }
}

/** The name that /proc and ps show for a program. */
export function commOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).slice(0, COMM_LENGTH)
}

function mapImage({map, user}: Space, {image}: Executable, backing: Backing, bias: number): void {
  for (const part of planSegments(image, bias, map.userTop)) {
    map.map({
      address: part.address,
      length: part.length,
      fixed: 'replace',
      protection: part.protection,
      ...(part.anonymous ? {} : {backing, pageOffset: part.fileOffset / PAGE_SIZE}),
    })
    if (!part.anonymous) populateFirst(map, part)
    const zeros = part.address + part.length - part.zeroFrom
    // A read-only tail stays as it is in the file, as on Linux.
    if (!part.anonymous && zeros > 0 && part.protection & PROT_WRITE) user.clear(part.zeroFrom, zeros)
  }
}

/** Populates the pages that a program touches first, each of which would cost a fault. Failures are left to the faults. */
function populateFirst(map: MemoryMap, {address, length, protection}: SegmentMapping): void {
  const writes = (protection & PROT_WRITE) !== 0
  const end = address + (writes ? Math.min(length, DATA_AHEAD) : PAGE_SIZE)
  populate(map, address, end, writes ? PROT_WRITE : PROT_READ)
}

function mapVdso(map: MemoryMap, {variables, image, code}: Vdso, layout: Layout): void {
  const special = {fixed: 'replace', flags: VM_SPECIAL, maxProtection: PROT_READ | PROT_EXEC} as const
  const vvar = {address: layout.vvarAddress, length: PAGE_SIZE, backing: variables, name: '[vvar]'}
  map.map({...special, ...vvar, protection: PROT_READ})
  const vdso = {address: layout.vdsoAddress, length: image.length, backing: code, name: '[vdso]'}
  map.map({...special, ...vdso, protection: PROT_READ | PROT_EXEC})
  populate(map, layout.vdsoAddress, layout.vdsoAddress + PAGE_SIZE, PROT_READ)
}

function writeStack(
  {host, initialFpState, patchCalls}: Kernel,
  {map, user}: Space,
  layout: Layout,
  {argv, envp, credentials, isSecure, executable}: ExecRequest,
): {sp: number; auxv: Uint8Array} {
  const [hwcap, hwcap2] = arch.hardwareCapabilities(host.hwcap, host.hwcap2, patchCalls !== undefined)
  const stack = buildStack({
    ...{argv, envp},
    auxv: buildAuxv({
      image: executable.image,
      layout,
      uid: credentials.ruid,
      euid: credentials.euid,
      gid: credentials.rgid,
      egid: credentials.egid,
      secure: isSecure,
      hwcap,
      hwcap2,
      minSignalStack: arch.signalFrameBytes(initialFpState.length),
    }),
    random16: host.random.fill(new Uint8Array(16)),
    execfn: executable.path,
    platform: arch.machine,
    stackTop: layout.stackTop,
    stackLimit: map.limits.get(RLIMIT_STACK).soft,
    jitter: layout.stackJitter,
  })
  const length = pageAlign(stack.bytes.length) + STACK_HEADROOM
  map.map({
    address: layout.stackTop - length,
    length,
    fixed: 'replace',
    protection: PROT_READ | PROT_WRITE,
    flags: VM_GROWSDOWN,
    name: '[stack]',
  })
  user.writeBytes(stack.sp, stack.bytes)
  return {sp: stack.sp, auxv: auxvOf(stack.bytes)}
}

/** The auxiliary vector in a new stack: after argc, argv and envp. */
function auxvOf(bytes: Uint8Array): Uint8Array {
  const words = new BigUint64Array(bytes.slice(0, bytes.length - (bytes.length % 8)).buffer)
  let index = 1 + Number(words[0]) + 1
  while (words[index] !== 0n) index++
  const start = ++index
  while (words[index] !== BigInt(AT_NULL)) index += 2
  return new Uint8Array(words.buffer, start * 8, (index + 2 - start) * 8)
}
