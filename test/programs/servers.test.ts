// The servers of the list, and Python's programs: in one file, so that none takes a port that another has just found free.

import {describeCompared} from './compared.ts'
import {serving} from './list.ts'

describeCompared(serving)
