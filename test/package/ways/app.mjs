// What esbuild bundles.

import * as hvkit from 'hvkit'
import {use} from './use.mjs'

export const main = (platforms) => use(hvkit, platforms)
