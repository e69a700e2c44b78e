// shmat(2), shmdt(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {SHM_EXEC, SHM_RDONLY, SHM_REMAP, SHM_RND} from '../../abi/ipc.ts'
import {PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {Syscall} from '../core/syscall.ts'
import {MAY_EXECUTE, MAY_READ, MAY_WRITE} from '../ipc/permission.ts'
import {Attachment} from '../ipc/shared-segment.ts'
import type {MapRequest} from '../memory/memory-map.ts'
import {populateRange} from '../memory/populate.ts'
import {PROT_ALL, VM_LOCKED, VM_LOCKONFAULT, VM_SHARED, type Vma} from '../memory/vma.ts'

export const shmat: Syscall = (task, args) => {
  const flags = args.int32(2)
  const address = attachAddress(args.address(1), flags)
  const segment = task.kernel.ipc.segments.get(args.int32(0))
  const {protection, maxProtection, access} = rightsOf(flags)
  segment.permission.require(task.credentials, access)

  const map = task.process.memoryMap
  const length = segment.pages * PAGE_SIZE
  const isFixed = args.address(1) !== 0
  if (isFixed && !(flags & SHM_REMAP) && map.vmas.overlaps(address, address + length)) throw new Errno(EINVAL)
  const request: MapRequest = {address, length, protection, maxProtection, flags: VM_SHARED}
  const start = map.map({
    ...request,
    fixed: isFixed ? 'replace' : undefined,
    backing: segment.attachment(),
  })
  const locks = (map.defaultFlags & (VM_LOCKED | VM_LOCKONFAULT)) === VM_LOCKED
  return locks ? populateRange(task, start, start + length, start) : start
}

export const shmdt: Syscall = (task, args) => {
  const address = args.address(0)
  if (address % PAGE_SIZE !== 0) throw new Errno(EINVAL)
  const map = task.process.memoryMap
  const begins = ({start, backing, pageOffset}: Vma): boolean =>
    backing instanceof Attachment && start - address === pageOffset * PAGE_SIZE

  const first = map.vmas.within(address, map.userTop).find(begins)
  if (first === undefined) throw new Errno(EINVAL)
  const attachment = first.backing as Attachment
  // What is left of it, if parts were unmapped.
  const end = address + attachment.mappable.pages * PAGE_SIZE
  for (const vma of map.vmas.within(address, end)) {
    if (vma.backing === attachment && begins(vma)) map.unmap(vma.start, vma.end - vma.start)
  }
  return 0
}

/** @throws Errno EINVAL */
function attachAddress(address: number, flags: number): number {
  const within = address % PAGE_SIZE
  const isRounded = within !== 0 && (flags & SHM_RND) !== 0
  if (within !== 0 && !isRounded) throw new Errno(EINVAL)
  if (flags & SHM_REMAP && address - within === 0) throw new Errno(EINVAL)
  return address - within
}

function rightsOf(flags: number): {protection: number; maxProtection: number; access: number} {
  const isReadOnly = (flags & SHM_RDONLY) !== 0
  let protection = isReadOnly ? PROT_READ : PROT_READ | PROT_WRITE
  let access = isReadOnly ? MAY_READ : MAY_READ | MAY_WRITE
  if (flags & SHM_EXEC) {
    protection |= PROT_EXEC
    access |= MAY_EXECUTE
  }
  return {protection, maxProtection: isReadOnly ? PROT_ALL & ~PROT_WRITE : PROT_ALL, access}
}
