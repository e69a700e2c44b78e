// Feeds an archive to tar-stream in small pieces, and no more of it than entries account for.
//
// tar-stream joins global headers with those of each entry: a long one and many short ones would keep it busy for hours.

import type {Readable} from 'node:stream'
import type {Extract} from 'tar-stream'
import {isBytes} from '../../../options.ts'
import {badArchive} from './file-error.ts'
import type {Flow} from './tar-flow.ts'

const SLICE_BYTES = 1 << 14
/** Of headers beyond the one of each entry. Attributes and long names take some. */
const MAX_EXTRA_BYTES = 1 << 18
/** An entry's header, and the padding of its last block. */
const ENTRY_BYTES = 1024

/** Its errors surface in the entries. */
export async function feed(entries: Extract, flow: Flow, source: Readable): Promise<void> {
  let extra = 0
  entries.on('entry', ({size}) => {
    extra = Math.max(0, extra - ENTRY_BYTES) - size
  })
  try {
    for await (const chunk of source) {
      if (!isBytes(chunk)) throw badArchive('its stream gives something else than bytes')
      for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
        const slice = chunk.subarray(at, at + SLICE_BYTES)
        if (entries.destroyed) return
        // An archive may end with any number of zeros.
        if (extra < 0 || slice.some((byte) => byte !== 0)) extra += slice.length
        if (!entries.write(slice)) await flow.drained()
        if (extra > MAX_EXTRA_BYTES) throw badArchive('its headers are too long')
      }
    }
    entries.end(undefined)
  } catch (error) {
    entries.destroy(error as Error)
  }
}
