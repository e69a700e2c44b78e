// KernelResources: what a machine's devices use of the host: files of disks, shared directories, a network; released when the machine ends.

import {closeSync, fstatSync} from 'node:fs'
import {resolve} from 'node:path'
import {badArgument, printable} from '../../errors.ts'
import {nativeHost} from '../../vfs/native-host.ts'
import {invalid} from '../../vm/save/format.ts'
import {Server as Server9p} from '../9p/server.ts'
import {FileStore} from '../devices/block-store.ts'
import {StreamBackend} from '../devices/network-backend.ts'
import {limitsOf} from '../devices/rate-limiter.ts'
import {TapBackend} from '../devices/tap-backend.ts'
import {Virtio9p} from '../devices/virtio-9p.ts'
import {VirtioBlock} from '../devices/virtio-block.ts'
import {VirtioFs} from '../devices/virtio-fs.ts'
import {VirtioNetwork} from '../devices/virtio-network.ts'
import {Server as ServerFuse} from '../fuse/server.ts'
import {openShare} from '../share/open-share.ts'
import type {SavedDisk} from '../snapshot/manifest.ts'
import type {DeviceModel} from '../virtio/model.ts'
import {type DiskOptions, type KernelOptions, networksOf, type ShareOptions} from './kernel-options.ts'
import {openDisk} from './open-disk.ts'

const MAC_BYTES = 6
const LOCAL = 2

interface OpenDisk {
  fd: number
  bytes: number
  disk: DiskOptions
}

export class KernelResources implements Disposable {
  /** Descriptors of the shared directories. */
  readonly roots: {fd: number; isWritable: boolean}[] = []
  readonly #disks: OpenDisk[] = []
  readonly #letGo: (() => void)[] = []

  /** Released with the rest, last one first. */
  use<Used extends Disposable>(used: Used): Used {
    this.#letGo.push(() => used[Symbol.dispose]())
    return used
  }

  /** @throws HvError NOT_FOUND, BAD_ARGUMENT */
  disks(disks: readonly DiskOptions[] = [], saved?: readonly SavedDisk[]): VirtioBlock[] {
    return disks.map((disk, index) => {
      const {fd, bytes} = openDisk(disk)
      const device = new VirtioBlock(new FileStore(fd, bytes, disk.readOnly), `hv-disk-${index}`, disk)
      this.#disks.push({fd, bytes, disk})
      // Not while libuv's pool has requests for it: the number may soon be another file's.
      this.#letGo.push(() => device.whenIdle(() => closeSync(fd)))
      if (saved !== undefined) requireUnchanged(savedDisk(this.#disks[index]), saved[index])
      return device
    })
  }

  /** How a snapshot tells that its disks are as they were. */
  savedDisks(): SavedDisk[] {
    return this.#disks.map(savedDisk)
  }

  /** @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL */
  shares(shares: readonly ShareOptions[] = []): DeviceModel[] {
    const tags = shares.map(({tag}) => tag)
    const twice = tags.find((tag, index) => tags.indexOf(tag) !== index)
    if (twice !== undefined) {
      throw badArgument(`two shares have the tag ${printable(twice)}`, 'give each a tag of its own')
    }
    return shares.map(({path, tag, writable = false, is9p}) => {
      const share = openShare(path, {readOnly: !writable})
      this.#letGo.push(() => share.dispose())
      this.roots.push({fd: share.fd, isWritable: writable})
      const server = is9p ? new Server9p(share.root) : new ServerFuse(share.root)
      this.#letGo.push(() => server.close())
      return server instanceof Server9p ? new Virtio9p(server, tag) : new VirtioFs(server, tag)
    })
  }

  /** Each with its own, locally administered address, as several may be in one network. @throws HvError BAD_ARGUMENT */
  cards(network: KernelOptions['network']): VirtioNetwork[] {
    return networksOf(network).map((card) => {
      const backend = 'tap' in card ? this.use(new TapBackend(card.tap)) : new StreamBackend(card.stream)
      const mac = Uint8Array.of(LOCAL, ...nativeHost.random.fill(new Uint8Array(MAC_BYTES - 1)))
      return new VirtioNetwork(backend, mac, card)
    })
  }

  [Symbol.dispose](): void {
    for (const letGo of this.#letGo.splice(0).toReversed()) letGo()
  }
}

function savedDisk({fd, bytes, disk}: OpenDisk): SavedDisk {
  const {path, readOnly = false} = disk
  const stat = fstatSync(fd)
  const modifiedMs = stat.isFile() ? stat.mtimeMs : undefined
  return {path: resolve(path), readOnly, bytes, modifiedMs, ...limitsOf(disk)}
}

/** Copies need not have the last digits of the time. @throws HvError SAVE_INVALID */
function requireUnchanged(disk: SavedDisk, saved: SavedDisk): void {
  const isAsOld = Math.abs((disk.modifiedMs ?? 0) - (saved.modifiedMs ?? 0)) < 1
  if (disk.bytes === saved.bytes && isAsOld) return
  const nextStep = 'give a copy that was made when the snapshot was (`cp -p`)'
  throw invalid(`the disk ${disk.path} has changed since`, nextStep)
}
