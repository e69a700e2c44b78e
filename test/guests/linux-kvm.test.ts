// The guests' checks hold on kvm, where call sites can be patched with each of them patched at once.

import {describeUnderHv} from './linux.ts'

describeUnderHv('kvm', ['--patch-calls', 'always'])
