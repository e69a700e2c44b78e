// QEMU's command line for a bed.

const PROGRAMS = {
  x86_64: {
    program: 'qemu-system-x86_64',
    // With a thread per CPU, QEMU 10.0 at times saves its host's state as a guest's, whose next fault is its last, or stops a CPU for good.
    threads: 'single',
    kernelArguments: 'console=ttyS0 tsc=reliable no_timer_check',
  },
  arm64: {
    program: 'qemu-system-aarch64',
    threads: 'multi',
    kernelArguments: 'console=ttyAMA0',
  },
}

/**
 * @typedef {{vmlinuz: string, initramfs: string, parameters: string, images: string[], log: string}} BedFiles paths, and the kernel's parameters
 *   whoever emulates it; the images are /dev/vda, vdb …, the log takes the console's output
 */

/**
 * @param {import('./beds.mjs').BedDescription} bed
 * @param {BedFiles} files
 * @returns {string[]} the program and its arguments; commands for serve.mjs go to its stdin, answers come from its stdout
 */
export function qemuCommand(bed, {vmlinuz, initramfs, parameters, images, log}) {
  const {program, threads, kernelArguments} = PROGRAMS[bed.architecture]
  return [
    ...[program, ...accelerator(bed, threads), '-machine', bed.machine],
    ...['-smp', String(bed.cpus), '-m', `${bed.memoryMib}M`, '-nodefaults', '-display', 'none', '-no-reboot'],
    ...['-kernel', vmlinuz, '-initrd', initramfs],
    ...['-append', `${parameters} ${kernelArguments}`],
    ...['-serial', `file:${log}`],
    ...images.flatMap((file, index) => [
      ...['-drive', `if=none,id=image${index},format=raw,readonly=on,file=${file}`],
      ...['-device', `virtio-blk-pci,drive=image${index}`],
    ]),
    ...['-chardev', 'stdio,id=commands,signal=off', '-device', 'virtio-serial-pci'],
    ...['-device', 'virtserialport,chardev=commands,nr=1,name=commands'],
  ]
}

/** When instructions are counted, each one, on any processor, takes a nanosecond on the machine's clocks, and an idle machine's time jumps. */
function accelerator({architecture, cpu, countsInstructions = false}, threads) {
  if (!countsInstructions) return ['-accel', `tcg,thread=${threads},tb-size=512`, '-cpu', cpu]
  // The counter that guests see then has the same unit.
  const finest = architecture === 'arm64' ? ',cntfrq=1000000000' : ''
  return [
    ...['-accel', 'tcg,thread=single,tb-size=512', '-icount', 'shift=0,sleep=off'],
    ...['-cpu', `${cpu}${finest}`],
  ]
}
