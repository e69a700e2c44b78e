// A host without /proc: that is the failure, and what is unknown because of it is reported as unknown.

import {expect, test} from 'vitest'
import {inspectHost} from '../../../src/check/inspect-host.ts'
import {find, folderOf, STOPS} from './fake-host.ts'

const look = (machine: string) =>
  inspectHost({
    root: folderOf({'/dev/kvm': ''}),
    machine,
    kernel: '6.12.0',
    user: '1000',
    uid: 1000,
    groups: [1000],
    probeKvm: () => ({
      ...{openErrno: 2, apiVersion: -1, createVmErrno: 0},
      ...{extensions: [], devices: [], attributes: [], registers: []},
      guestXfeatures: null,
    }),
    proveTrap: undefined,
    proveStop: () => {
      throw new Error('refused')
    },
  })

test.each(['x86_64', 'aarch64'])('on %s', async (machine) => {
  const report = await look(machine)
  for (const id of ['cpu-virtualization', 'ptrace-kernel', 'ptrace-scope', 'memfd-exec', 'confinement']) {
    expect(find(report, id)).toMatchObject({
      status: 'info',
      detail: expect.stringMatching(/not known|not be read/),
    })
  }
  expect(report.findings.filter(({detail}) => /no seccomp|not in this kernel/.test(detail))).toEqual([])
})

test('no guest runs there, even where a process was traced', async () => {
  const root = folderOf({'/dev/kvm': ''})
  const report = await inspectHost({root, machine: 'x86_64', proveTrap: undefined, proveStop: STOPS})
  expect(report).toMatchObject({usable: false, platforms: {ptrace: false}})
  expect(find(report, 'proc').fix).toContain('`sudo mount -t proc proc /proc`')
})
