// The guests' checks hold on kvm.

import {describeUnderHv} from './linux.ts'

describeUnderHv('kvm')
