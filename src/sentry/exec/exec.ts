// loadImage: puts a program into new memory, as execve(2) does, and computes the registers that it starts with.

import {AT_NULL} from '../../abi/auxv.ts'
import {arch} from '../../arch/index.ts'
import {buildAuxv} from '../../loader/auxv.ts'
import {chooseLayout, type Layout} from '../../loader/layout.ts'
import {planSegments, type SegmentMapping} from '../../loader/segments.ts'
import {buildStack} from '../../loader/stack.ts'
import {PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {Host} from '../../vfs/host.ts'
import type {Location} from '../../vfs/location.ts'
import {pathOf} from '../../vfs/mount-tree.ts'
import type {Credentials} from '../core/credentials.ts'
import type {Kernel} from '../core/kernel.ts'
import {type ResourceLimits, RLIMIT_STACK} from '../core/resource-limits.ts'
import {faultWindows} from '../memory/fault-windows.ts'
import {backingOfDescription} from '../memory/mapping-backing.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {populate} from '../memory/populate.ts'
import {Space} from '../memory/space.ts'
import type {UserMemory} from '../memory/user-memory.ts'
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
}

/** The same, with what the kernel and the process add. */
interface LoadRequest extends ExecRequest {
  readonly host: Host
  readonly vdso: Vdso | undefined
  readonly minSignalStack: number
  readonly stackLimit: number
  readonly hasGate: boolean
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
  program: ExecRequest,
): LoadedImage {
  const {memory, userTop} = kernel.platform
  const request: LoadRequest = {
    ...program,
    host: kernel.host,
    vdso: kernel.vdso,
    minSignalStack: arch.signalFrameBytes(kernel.initialFpState.length),
    stackLimit: limits.get(RLIMIT_STACK).soft,
    hasGate: kernel.patchCalls !== undefined,
  }
  const layout = planLayout(request, userTop)
  const space = Space.create({
    ...{addresses: kernel.platform.createSpace(), memory, limits, userTop},
    budget: kernel.budget.part(),
    mmapBase: layout.mmapTop,
    windows: faultWindows(kernel.platform.costs),
    executable: program.executable.description,
    patchCalls: kernel.patchCalls,
  })
  try {
    return {space, ...fillMemory(space, root, layout, request)}
  } catch (error) {
    space.release()
    throw error
  }
}

/** Where everything goes, before there is a memory map. @throws HvError BAD_ELF */
function planLayout(request: LoadRequest, userTop: number): Layout {
  const {random} = request.host
  return chooseLayout({
    image: request.executable.image,
    interpreter: request.executable.interpreter?.image,
    userTop,
    stackLimit: request.stackLimit,
    vdsoLength: request.vdso?.image.length ?? 0,
    random: (length) => random.fill(new Uint8Array(length)),
  })
}

function fillMemory(
  {map, user: memory, callPatches}: Space,
  root: Location,
  layout: Layout,
  request: LoadRequest,
): {registers: BigUint64Array; program: Program} {
  const {executable, vdso} = request
  const {interpreter} = executable
  mapImage(map, memory, root, executable, layout.bias)
  if (interpreter !== undefined) mapImage(map, memory, root, interpreter, layout.interpreterBias)
  if (vdso !== undefined) mapVdso(map, vdso, layout)
  map.heap.place(layout.brkStart)
  callPatches?.reserve(layout.start)
  const {sp, auxv} = writeStack(map, memory, layout, request)

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

function mapImage(
  map: MemoryMap,
  memory: UserMemory,
  root: Location,
  executable: Executable,
  bias: number,
): void {
  const backing: Backing = backingOfDescription(executable.description, root)
  for (const part of planSegments(executable.image, bias, map.userTop)) {
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
    if (!part.anonymous && zeros > 0 && part.protection & PROT_WRITE) memory.clear(part.zeroFrom, zeros)
  }
}

/** Populates the pages that a program touches first, each of which would cost a fault. Failures are left to the faults. */
function populateFirst(map: MemoryMap, {address, length, protection}: SegmentMapping): void {
  const writes = (protection & PROT_WRITE) !== 0
  const end = address + (writes ? Math.min(length, DATA_AHEAD) : PAGE_SIZE)
  populate(map, address, end, writes ? PROT_WRITE : PROT_READ)
}

function mapVdso(map: MemoryMap, vdso: Vdso, layout: Layout): void {
  const special = {
    fixed: 'replace',
    flags: VM_SPECIAL,
    maxProtection: PROT_READ | PROT_EXEC,
  } as const
  map.map({
    ...special,
    address: layout.vvarAddress,
    length: PAGE_SIZE,
    protection: PROT_READ,
    backing: vdso.variables,
    name: '[vvar]',
  })
  map.map({
    ...special,
    address: layout.vdsoAddress,
    length: vdso.image.length,
    protection: PROT_READ | PROT_EXEC,
    backing: vdso.code,
    name: '[vdso]',
  })
  populate(map, layout.vdsoAddress, layout.vdsoAddress + PAGE_SIZE, PROT_READ)
}

function writeStack(
  map: MemoryMap,
  memory: UserMemory,
  layout: Layout,
  request: LoadRequest,
): {sp: number; auxv: Uint8Array} {
  const {credentials, executable, host} = request
  const [hwcap, hwcap2] = arch.hardwareCapabilities(host.hwcap, host.hwcap2, request.hasGate)
  const stack = buildStack({
    argv: request.argv,
    envp: request.envp,
    auxv: buildAuxv({
      image: executable.image,
      layout,
      uid: credentials.ruid,
      euid: credentials.euid,
      gid: credentials.rgid,
      egid: credentials.egid,
      secure: false,
      hwcap,
      hwcap2,
      minSignalStack: request.minSignalStack,
    }),
    random16: host.random.fill(new Uint8Array(16)),
    execfn: executable.path,
    platform: arch.machine,
    stackTop: layout.stackTop,
    stackLimit: request.stackLimit,
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
  memory.writeBytes(stack.sp, stack.bytes)
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
