// addHosts: puts names that the embedder answers into the guest's /etc/hosts, before the names that are there.

import {S_IFREG} from '../../../abi/file-mode.ts'
import {O_RDONLY, O_WRONLY} from '../../../abi/open-flags.ts'
import {badArgument} from '../../../errors.ts'
import {ROOT} from '../../../vfs/fs/tmpfs.ts'
import type {Location} from '../../../vfs/location.ts'
import {find, makeDirectory} from '../guest-tree.ts'

const NAME = 'hosts'
const MODE = 0o644
/** Of the tree's own, as much is kept. */
const MOST_BYTES = 1 << 16
const WITHOUT_ONE = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n'

/** The file is new, so that neither the host's own nor what a link leads to changes. @throws HvError BAD_ARGUMENT */
export function addHosts(root: Location, lines: string): void {
  const etc = makeDirectory(root, 'etc')
  const old = find(etc, NAME)
  if (etc.mount !== root.mount || (old !== undefined && old.mount !== root.mount))
    throw badArgument(
      "`net.serve` adds names to the guest's /etc/hosts, which is in a volume",
      'mount the volume elsewhere',
    )
  const rest = old?.inode.kind === S_IFREG ? beginningOf(old) : Buffer.from(WITHOUT_ONE)
  if (old !== undefined) etc.inode.unlink(NAME)
  const file = etc.inode.create(NAME, MODE, ROOT).open(O_WRONLY)
  file.write(Buffer.concat([Buffer.from(lines), rest]), 0)
  file.close()
}

function beginningOf({inode}: Location): Uint8Array {
  const file = inode.open(O_RDONLY)
  const bytes = new Uint8Array(MOST_BYTES)
  const count = file.read(bytes, 0)
  file.close()
  return bytes.subarray(0, count)
}
