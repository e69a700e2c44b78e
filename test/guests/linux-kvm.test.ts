// The guests' checks hold on kvm; where call sites can be patched, each is patched at once.

import {describeUnderHv} from './linux.ts'

describeUnderHv('kvm')
