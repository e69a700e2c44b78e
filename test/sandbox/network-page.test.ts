// The examples of docs/network.md print what they say.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {root} from '../../ci/paths.mjs'
import * as library from '../../src/index.ts'
import {play} from '../helpers/examples.ts'

const page = readFileSync(`${root}/docs/network.md`, 'utf8')
const examples = Array.from(
  page.matchAll(/^## ([^\n]+)\n(?:(?!##)[^\n]*\n)*?```js\n(.*?)^```$/gms),
  ([, title, code]) => ({
    ...{page: 'network', title, code},
  }),
)

test('there are some', () => expect(examples.length).toBe(7))

test.each(examples)('$title', (example) => play(example, library))
