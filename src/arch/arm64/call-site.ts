// Call sites of arm64: none is patched, as no platform has a gate there.

import type {CallSites} from '../architecture.ts'

export const callSites: CallSites | undefined = undefined
