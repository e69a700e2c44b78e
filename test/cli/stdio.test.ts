// Standard streams that are sockets, the only kind that Node's spawn gives its children.

import {expect, test} from 'vitest'
import {hv} from './hv.ts'

test.each(['stdout', 'stderr'])('a socket is a pipe to the guest: %s', (name) => {
  const {status, [name as 'stdout']: shown} = hv([
    ...['run', '--root', '/', '/bin/sh', '-c'],
    `stat -Lc %F /dev/${name} > /dev/${name}`,
  ])
  expect({status, shown}).toEqual({status: 0, shown: 'fifo\n'})
})
