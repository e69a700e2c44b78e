// collect: V8's garbage collector, at once, for tests that count memory.

import {setFlagsFromString} from 'node:v8'
import {runInNewContext} from 'node:vm'

setFlagsFromString('--expose-gc')

export const collect: () => void = runInNewContext('gc')
