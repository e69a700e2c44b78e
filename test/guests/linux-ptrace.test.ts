// The guests' checks hold on ptrace, where call sites can be patched with each of them patched at once, and listened to.

import {describeUnderHv} from './linux.ts'

describeUnderHv('ptrace', ['--patch-calls', 'always'])
