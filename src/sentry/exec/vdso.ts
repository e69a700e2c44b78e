// Vdso: the pages that every program finds mapped: code that tells the time, and the variables it reads.

import {addon} from '../../addon.ts'
import {arch} from '../../arch/index.ts'
import {dynamicSymbol} from '../../elf/dynamic.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Mappable} from '../../vfs/file.ts'
import {type Backing, pageAlign} from '../memory/vma.ts'

export class Vdso {
  readonly image: Uint8Array
  /** Where the variables' page is in the MemoryFile: ClockPage writes it. */
  readonly variablesOffset: number
  readonly code: Backing
  readonly variables: Backing
  /** Where in the image signal handlers may return to; undefined on architectures without such a place. */
  readonly signalTrampoline: number | undefined

  constructor(memory: MemoryFile) {
    this.image = addon.vdsoImage()
    const codeOffset = memory.allocate(pageAlign(this.image.length))
    memory.bytes.set(this.image, codeOffset)
    this.variablesOffset = memory.allocate(PAGE_SIZE)
    this.code = backing(memory, codeOffset)
    this.variables = backing(memory, this.variablesOffset)
    const symbol = arch.signalTrampolineSymbol
    this.signalTrampoline = symbol === undefined ? undefined : dynamicSymbol(this.image, symbol)
  }
}

function backing(memory: MemoryFile, offset: number): Backing {
  const mappable: Mappable = {
    sharedPage(pageIndex) {
      const page = offset + pageIndex * PAGE_SIZE
      memory.share(page, PAGE_SIZE)
      return page
    },
    markDirty() {},
    flush() {},
  }
  return {mappable, path: '', dev: 0, ino: 0}
}
