// Bochs for a bed: an Intel processor with VT-x, which QEMU does not emulate. It interprets each instruction, so it is twenty times slower.

import {execFileSync} from 'node:child_process'
import {once} from 'node:events'
import {copyFileSync, mkdirSync, statSync, truncateSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {basename} from 'node:path'
import {aptLine, installMissing} from '../packages.mjs'

/** Names from packages.json. */
const PACKAGES = ['bochs', 'bochsbios', 'vgabios', 'grub-pc-bin', 'xorriso', 'mtools']
/** What counts as a second in the bed. Bochs is a little slower than this, so its clocks run slow and no time-out comes early. */
const INSTRUCTIONS_PER_SECOND = 40_000_000
/** 16 heads, 63 sectors. */
const CYLINDER_BYTES = 16 * 63 * 512
/** ata0-master holds the CD. */
const PLACES = ['ata0-slave', 'ata1-master', 'ata1-slave']

/**
 * @param {import('./beds.mjs').BedDescription} bed
 * @param {import('./qemu.mjs').BedFiles} files as for qemuCommand; at most three images
 * @param {string} work a folder
 * @returns {Promise<{command: string[], commands: Promise<import('node:net').Socket>}>} the program with its arguments, and its connection for commands
 */
export async function bochsCommand(bed, {vmlinuz, initramfs, parameters, images, log}, work) {
  if (images.length > PLACES.length) throw new Error('a bed of Bochs has room for no other programs')
  const missing = await installMissing((line) => console.error(line), PACKAGES)
  if (missing.length > 0) throw new Error(`this bed needs packages: ${aptLine(missing)}`)
  const {port, socket} = await listen()
  const kernelArguments = `${parameters} console=ttyS0,115200 disks=${images.length}`
  const configuration = [
    // A screen that nobody watches.
    'display_library: rfb, options="timeout=0"',
    `memory: guest=${bed.memoryMib}, host=${bed.memoryMib}`,
    'romimage: file=/usr/share/bochs/BIOS-bochs-latest',
    'vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest',
    `cpu: model=${bed.cpu}, count=${bed.cpus}, ips=${INSTRUCTIONS_PER_SECOND}`,
    'clock: sync=none, time0=utc',
    'ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14',
    'ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15',
    `ata0-master: type=cdrom, path=${bootDisc(work, {vmlinuz, initramfs, kernelArguments})}, status=inserted`,
    ...images.map((path, index) => `${PLACES[index]}: type=disk, mode=flat, path=${diskOf(path, work)}`),
    'boot: cdrom',
    `com1: enabled=1, mode=file, dev=${log}`,
    `com2: enabled=1, mode=socket-client, dev=127.0.0.1:${port}`,
    'log: /dev/null',
    'panic: action=fatal',
    'error: action=ignore',
    'info: action=ignore',
  ]
  writeFileSync(`${work}/bochsrc`, `${configuration.join('\n')}\n`)
  return {command: ['bochs-bin', '-q', '-f', `${work}/bochsrc`], commands: socket}
}

/** Bochs' disks must have whole cylinders. */
function diskOf(path, work) {
  const disk = `${work}/${basename(path)}`
  copyFileSync(path, disk)
  truncateSync(disk, Math.ceil(statSync(disk).size / CYLINDER_BYTES) * CYLINDER_BYTES)
  return disk
}

/** Bochs' BIOS boots discs and cannot load a kernel itself. */
function bootDisc(work, {vmlinuz, initramfs, kernelArguments}) {
  const tree = `${work}/disc`
  mkdirSync(`${tree}/boot/grub`, {recursive: true})
  copyFileSync(vmlinuz, `${tree}/boot/vmlinuz`)
  copyFileSync(initramfs, `${tree}/boot/initramfs`)
  const entry = `linux /boot/vmlinuz ${kernelArguments}\ninitrd /boot/initramfs\nboot\n`
  writeFileSync(`${tree}/boot/grub/grub.cfg`, entry)
  execFileSync('grub-mkrescue', ['-o', `${work}/disc.iso`, tree], {stdio: ['ignore', 'ignore', 'pipe']})
  return `${work}/disc.iso`
}

/** Listens for one connection, from Bochs. */
async function listen() {
  const server = createServer().listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const socket = once(server, 'connection').then(([each]) => {
    server.close()
    return each.on('error', () => {})
  })
  return {port: server.address().port, socket}
}
