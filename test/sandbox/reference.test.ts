// The examples of docs/reference, but for those of the VM (test/unit/vm), each in a sandbox of its own.

import {describe, test} from 'vitest'
import * as library from '../../src/index.ts'
import {examplesOf, isForHere, pages, play} from '../helpers/examples.ts'

describe.concurrent.each(pages.filter((page) => page !== 'vm' && page !== 'README'))(
  'the examples of %s',
  (page) => {
    test.each(examplesOf(page).filter(isForHere))('of $title print what they say', (example) =>
      play(example, library),
    )
  },
)
