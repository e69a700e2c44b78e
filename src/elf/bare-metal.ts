// Tells a bare-metal guest's file from a Linux program's.

import {ELFOSABI_STANDALONE} from '../abi/elf.ts'
import type {ElfImage} from './image.ts'

/** A note `hv` of type 1, or ET_EXEC with the OSABI "standalone" (255). */
export function isBareMetal(image: ElfImage): boolean {
  return image.machineNote !== undefined || (image.type === 'EXEC' && image.osabi === ELFOSABI_STANDALONE)
}
