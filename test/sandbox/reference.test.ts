// The examples of docs/reference, each in a sandbox of its own, except those of the VM (test/unit/vm) and of machines, which need the
// reader's own kernel: test/unit/machine/linux-machine.test.ts and test/bed/kernel.ts boot others.

import {describe, test} from 'vitest'
import * as library from '../../src/index.ts'
import {examplesOf, isForHere, pages, play} from '../helpers/examples.ts'

const OTHERS = ['vm', 'machine', 'README']

describe.concurrent.each(pages.filter((page) => !OTHERS.includes(page)))('the examples of %s', (page) => {
  test.each(examplesOf(page).filter(isForHere))('of $title print what they say', (example) =>
    play(example, library),
  )
})
