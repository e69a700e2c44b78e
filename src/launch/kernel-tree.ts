// KernelTree: a machine with a kernel of its own and the tree of files in which its programs run, for `hv run` and for the library.

import {addon} from '../addon.ts'
import type {Debugger} from '../machine/debug/debugging.ts'
import {VirtioFs} from '../machine/devices/virtio-fs.ts'
import {KernelMachine} from '../machine/kernel/kernel-machine.ts'
import type {KernelOptions} from '../machine/kernel/kernel-options.ts'
import {type CardAddress, encodeCards} from '../machine/program/card-address.ts'
import {ConsoleTail} from '../machine/program/console-tail.ts'
import {filesMemory} from '../machine/program/files-memory.ts'
import {INIT, initramfs} from '../machine/program/initramfs.ts'
import {LateServer} from '../machine/program/late-server.ts'
import {ModuleFolder} from '../machine/program/module-folder.ts'
import {encodeMounts} from '../machine/program/tree-mounts.ts'
import type {MemoryFile} from '../platform/memory-file.ts'
import {buildTree, replaceFile} from '../sentry/outside/guest-tree.ts'
import {Budget, budgetBytes} from '../vfs/budget.ts'
import type {Mount} from '../vfs/location.ts'
import {disposeMounts} from '../vfs/mount-tree.ts'
import {nativeHost} from '../vfs/native-host.ts'
import {VirtualFileSystem} from '../vfs/virtual-file-system.ts'
import {type FileOptions, type GuestFiles, type OpenedFiles, openGuestFiles} from './guest-files.ts'
import type {RunOptions} from './options.ts'

const TAG = 'hv-root'
/** A name that is no module is built in, or missing; the machine's first process reports that. */
const MODULES = [
  ...['virtio_mmio', 'virtiofs', 'vmw_vsock_virtio_transport'],
  ...['virtio_rng', 'virtio_blk', 'virtio_net', 'virtio_balloon'],
]

export interface KernelTreeOptions
  extends FileOptions,
    KernelOptions,
    Pick<RunOptions, 'modules' | 'tmpfs' | 'readOnly'> {
  memoryBytes: number
  /** Of its network cards. */
  addresses: readonly (CardAddress | undefined)[]
  /** Its /etc/resolv.conf, if not the tree's own. */
  resolv?: string | undefined
}

export interface KernelTreeExtras {
  /** For what is written outside of volumes. Default: as much as the machine has. */
  readonly memory?: MemoryFile
  readonly debug?: Debugger | undefined
  /** Folders of libraries besides those that the host searches. */
  readonly libraries?: readonly string[]
}

/** What programs find, once it is read. */
export interface ReadTree {
  readonly mount: Mount
  readonly vfs: VirtualFileSystem
  readonly shown: GuestFiles
}

export class KernelTree implements Disposable {
  readonly machine: KernelMachine
  readonly memory: MemoryFile
  /** Descriptors of the directories and files that it opens others under. */
  readonly roots: OpenedFiles['roots']
  readonly #options: KernelTreeOptions
  readonly #files: OpenedFiles
  readonly #tail: ConsoleTail
  readonly #server: LateServer
  #mount: Mount | undefined

  /** Opens all that it needs, and reads nothing that the guest's maker may have made. @throws HvError */
  static async open(options: KernelTreeOptions, extras: KernelTreeExtras = {}): Promise<KernelTree> {
    return new KernelTree(options, extras, await openGuestFiles(options, extras.libraries))
  }

  private constructor(options: KernelTreeOptions, extras: KernelTreeExtras, files: OpenedFiles) {
    const folder = options.modules ?? ModuleFolder.usual(options.kernel)
    const modules = folder === undefined ? undefined : new ModuleFolder(folder)
    const [server, tail, init] = [new LateServer(), new ConsoleTail(), addon.machineInit()]
    const lists = {mounts: encodeMounts(options), cards: encodeCards(options.addresses)}
    const own = {
      models: [new VirtioFs(server, TAG)],
      initrd: () => initramfs(init, modules?.read(MODULES) ?? [], lists),
    }
    const append = [`quiet rdinit=${INIT}`, options.append].filter(Boolean).join(' ')
    this.machine = new KernelMachine({...options, append}, tail, extras.debug, own)
    this.memory = extras.memory ?? filesMemory(options.memoryBytes)
    this.roots = [...files.roots, ...this.machine.roots]
    if (modules !== undefined) this.roots.push({fd: modules.source.fd, isWritable: false})
    this.#options = options
    this.#files = files
    this.#tail = tail
    this.#server = server
  }

  /** The host's folders of libraries in which it looks. */
  get libraryFolders(): readonly string[] | undefined {
    return this.#files.libraryFolders
  }

  /** The last thing that the machine's console said. */
  get reason(): string {
    return this.#tail.reason
  }

  /** The last lines of the machine's console. */
  get lastLines(): string {
    return this.#tail.lines
  }

  /** Makes the tree, which the machine is shown. Call it once, and then `machine.load()`. @throws HvError */
  async read(): Promise<ReadTree> {
    const {tmpfs, readOnly, resolv} = this.#options
    const shown = await this.#files.read()
    const vfs = new VirtualFileSystem(nativeHost)
    const budget = new Budget(budgetBytes(this.memory.size))
    const mount = buildTree(this.memory, {vfs, ...shown, tmpfs, readOnly, budget})
    this.#mount = mount
    if (resolv !== undefined) replaceFile(mount.top, 'etc', 'resolv.conf', resolv)
    this.#server.serve(mount.top)
    return {mount, vfs, shown}
  }

  [Symbol.dispose](): void {
    this.machine[Symbol.dispose]()
    this.#server.close()
    if (this.#mount !== undefined) disposeMounts(this.#mount)
  }
}
