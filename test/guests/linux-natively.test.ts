// The guests' checks hold on Linux itself.

import {describeNatively} from './linux.ts'

describeNatively()
