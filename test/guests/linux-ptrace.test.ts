// The guests' checks hold on ptrace.

import {describeUnderHv} from './linux.ts'

describeUnderHv('ptrace')
