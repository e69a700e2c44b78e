// Why /dev/kvm does not open, and the fix for each reason.

import {expect, test} from 'vitest'
import {check, type FakeHost, find, KVM_GID as GID} from './fake-host.ts'

const [EPERM, ENOENT, ENXIO, EACCES, ENODEV] = [1, 2, 6, 13, 19]
const passwd = {'/etc/passwd': 'root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\n'}
const groupNamed = (name: string, members = '', gid = GID) => ({
  ...passwd,
  '/etc/group': `root:x:77777:\n${name}:x:${gid}:${members}\n`,
})
const group = (members = '') => groupNamed('kvm', members)

const diagnoses: [string, number, FakeHost, {detail: RegExp; fix: RegExp}][] = [
  [
    'absent in a container',
    ENOENT,
    {files: {'/run/.containerenv': ''}},
    {detail: /does not exist in this podman container/, fix: /`--device \/dev\/kvm`/},
  ],
  [
    'absent in WSL',
    ENOENT,
    {files: {'/proc/sys/kernel/osrelease': '5.15.0-microsoft-standard-WSL2'}},
    {detail: /WSL 2/, fix: /nestedVirtualization=true/},
  ],
  [
    'no node for a loaded driver',
    ENOENT,
    {files: {'/sys/class/misc/kvm/dev': '10:232\n'}},
    {detail: /driver is loaded/, fix: /`sudo mknod \/dev\/kvm c 10 232`/},
  ],
  ['absent', ENOENT, {}, {detail: /does not exist/, fix: /see kernel-modules/}],
  ['no driver behind the node', ENXIO, {}, {detail: /no driver/, fix: /see kernel-modules/}],
  ['no device behind the node', ENODEV, {}, {detail: /no driver/, fix: /see kernel-modules/}],
  [
    'a node with another number than the driver has',
    ENXIO,
    {files: {'/sys/class/misc/kvm/dev': '10:232\n'}},
    {detail: /driver's number/, fix: /`sudo rm \/dev\/kvm && sudo mknod \/dev\/kvm c 10 232`/},
  ],
  [
    'not in the group',
    EACCES,
    {files: group()},
    {detail: /User me has no permission/, fix: /: `sudo usermod -aG kvm me`, then log out and in again$/},
  ],
  [
    'not in the group, by whatever name it goes',
    EACCES,
    {files: groupNamed('virt')},
    {detail: /no permission/, fix: /: `sudo usermod -aG virt me`, then/},
  ],
  [
    'not in the group, which has no name here',
    EACCES,
    {files: passwd},
    {
      detail: /no permission/,
      fix: /until the next start: `sudo chown 1000 \/dev\/kvm && sudo chmod u\+rw \/dev\/kvm`/,
    },
  ],
  [
    'a user without an entry, whom no group can be given',
    EACCES,
    {files: {...group(), '/etc/passwd': '', '/usr/bin/setfacl': ''}},
    {detail: /no permission/, fix: /: `sudo setfacl -m u:1000:rw \/dev\/kvm`$/},
  ],
  [
    'in the group since after login',
    EACCES,
    {files: group('you,me'), groups: [GID + 1]},
    {detail: /logged in before/, fix: /`newgrp kvm`/},
  ],
  [
    'closed to the group, where there is a group kvm',
    EACCES,
    {kvmMode: 0o600, files: groupNamed('kvm', '', GID + 1)},
    {
      detail: /no permission/,
      fix: /`sudo chgrp kvm \/dev\/kvm && sudo chmod 0660 \/dev\/kvm && sudo usermod -aG kvm me`.*udev/,
    },
  ],
  [
    'closed to the group, of which the user is one',
    EACCES,
    {kvmMode: 0o600, files: group('me')},
    {detail: /no permission/, fix: /chmod 0660 \/dev\/kvm`, then/},
  ],
  [
    'closed to the group, and there is no group kvm',
    EACCES,
    {kvmMode: 0o600, files: {...groupNamed('users', '', GID + 1), '/usr/bin/setfacl': ''}},
    {detail: /no permission/, fix: /`sudo setfacl -m u:1000:rw \/dev\/kvm`/},
  ],
  [
    'not in the group in a container',
    EACCES,
    {files: {...group(), '/.dockerenv': ''}},
    {detail: /no permission/, fix: new RegExp(`--group-add ${GID}`)},
  ],
  ['open to all, yet denied', EACCES, {kvmMode: 0o666}, {detail: /security module/, fix: /profile/}],
  ['root, yet denied', EACCES, {uid: 0}, {detail: /security module/, fix: /profile/}],
  [
    'kept away by the cgroup of a container',
    EPERM,
    {files: {'/proc/1/environ': 'PATH=/bin\0container=lxc\0'}},
    {detail: /cgroup/, fix: /`--device \/dev\/kvm`/},
  ],
  ['kept away by the cgroup of a service', EPERM, {}, {detail: /cgroup/, fix: /DeviceAllow=\/dev\/kvm rw/}],
]

test.each(diagnoses)('%s', async (_, openErrno, fake, expected) => {
  const report = await check({...fake, kvm: {openErrno}})
  expect(report.usable).toBe(false)
  const finding = find(report, 'kvm-device')
  expect(finding.status).toBe('fail')
  expect(finding.detail).toMatch(expected.detail)
  expect(finding.fix).toMatch(expected.fix)
})

test('what depends on an open device is left out when it does not open', async () => {
  const {findings} = await check({kvm: {openErrno: EACCES}})
  expect(findings.map(({id}) => id)).not.toEqual(expect.arrayContaining(['kvm-api']))
  expect(findings.map(({id}) => id)).not.toEqual(expect.arrayContaining(['kvm-vm']))
})

test('the evidence has the error’s name and the node’s mode and group', async () => {
  const report = await check({files: group(), kvm: {openErrno: EACCES}})
  expect(find(report, 'kvm-device').evidence).toMatch(/EACCES; mode 0660, owner \d+, group kvm/)
})

test.each([
  [{'/sys/module/vboxdrv/': ''}, /VirtualBox/, /`sudo modprobe -r vboxdrv`/],
  [{'/sys/module/vmmon/': ''}, /VMware/, /`sudo modprobe -r vmmon`/],
  [{}, /Another hypervisor/, /stop/],
])('a busy processor: %j', async (files, detail, fix) => {
  const report = await check({files: files as Record<string, string>, kvm: {createVmErrno: 16}})
  expect(report.usable).toBe(false)
  expect(find(report, 'kvm-vm')).toMatchObject({
    status: 'fail',
    detail: expect.stringMatching(detail),
    fix: expect.stringMatching(fix),
  })
})

test('a processor that refuses points at the firmware', async () => {
  const report = await check({kvm: {createVmErrno: 95}})
  expect(find(report, 'kvm-vm')).toMatchObject({status: 'fail', fix: expect.stringMatching(/firmware/)})
})
