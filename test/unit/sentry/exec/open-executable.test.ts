// A program that was opened: any process that still maps it keeps it open, and it closes once.

import {beforeEach, expect, test, vi} from 'vitest'
import {EM_AARCH64, EM_X86_64} from '../../../../src/abi/elf.ts'
import {O_CREAT, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {arch} from '../../../../src/arch/index.ts'
import {
  closeExecutable,
  type Executable,
  openExecutable,
} from '../../../../src/sentry/exec/open-executable.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {TestVfs} from '../../../helpers/vfs.ts'
import {elfFile} from '../../elf/elf-file.ts'

let executable: Executable
let close: ReturnType<typeof vi.spyOn>

beforeEach(() => {
  const vfs = new TestVfs(new Tmpfs(memoryFile(1 << 20)))
  const image = elfFile({machine: arch.name === 'x86_64' ? EM_X86_64 : EM_AARCH64})
  const file = vfs.open('program', O_WRONLY | O_CREAT, 0o755)
  file.write(image)
  file.close()
  executable = openExecutable(vfs.context, vfs.root, '/program')
  close = vi.spyOn(executable.description.file, 'close')
})

test('is closed by who opened it', () => {
  closeExecutable(executable)
  expect(close).toHaveBeenCalledTimes(1)
})

test('is closed once where a mapping of it came and went before', () => {
  executable.description.references++
  executable.description.release()
  expect(close).not.toHaveBeenCalled()
  closeExecutable(executable)
  expect(close).toHaveBeenCalledTimes(1)
})

test('stays open while it is mapped', () => {
  executable.description.references++
  closeExecutable(executable)
  expect(close).not.toHaveBeenCalled()
  executable.description.release()
  expect(close).toHaveBeenCalledTimes(1)
})
