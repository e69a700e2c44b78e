// The guests' checks hold on ptrace; where call sites can be patched, each is patched at once, and polled for.

import {describeUnderHv} from './linux.ts'

describeUnderHv('ptrace')
