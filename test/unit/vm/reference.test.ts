// The examples of docs/reference/vm.md, each in a VM of its own; also in an arm64 bed.

import {test} from 'vitest'
import {HvError} from '../../../src/errors.ts'
import {checkExtension} from '../../../src/vm/capabilities.ts'
import {readMapGpaRange} from '../../../src/vm/private-memory.ts'
import {servePages} from '../../../src/vm/serve-pages.ts'
import {startEl1, startEl2} from '../../../src/vm/start-el.ts'
import {startLongMode} from '../../../src/vm/start-long-mode.ts'
import {startProtectedMode} from '../../../src/vm/start-protected-mode.ts'
import {startRealMode} from '../../../src/vm/start-real-mode.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {examplesOf, isForHere, play} from '../../helpers/examples.ts'
import {describeKvm} from '../../helpers/vm.ts'

const starts = {startRealMode, startProtectedMode, startLongMode, startEl1, startEl2}

describeKvm('the examples of the VM', () => {
  test.each(examplesOf('vm').filter(isForHere))('of $title print what they say', (example) =>
    play(example, {Vm, HvError, checkExtension, readMapGpaRange, servePages, ...starts}),
  )
})
