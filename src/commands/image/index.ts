// hv image, hv image ls: the images of which hv keeps unpacked layers.

import {Command, Flags} from '@oclif/core'

export default class Image extends Command {
  static override summary = 'List the images of which hv keeps unpacked layers.'

  static override description = [
    'What `--image` has unpacked is kept in $XDG_CACHE_HOME/hvkit-images, or else ~/.cache/hvkit-images, so that the next start of the image need not unpack it: 8 GiB at most, and what was not used for longest goes first. The files are copies: hv makes them again from the image.',
    'Each line has the first digits of the digest of the uppermost layer, the size of all layers unpacked, when the image was last used, and its name as it was given to hv.',
  ].join('\n\n')

  static override examples = ['<%= config.bin %> image ls', '<%= config.bin %> image ls --json']

  static override flags = {
    json: Flags.boolean({summary: 'print a JSON object for each image: reference, layers, bytes, usedAt'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(Image)
    const {openCache, formatImages} = await import('../../cli/images.ts')
    const images = openCache()?.images() ?? []
    process.stdout.write(flags.json ? `${JSON.stringify(images, null, 2)}\n` : formatImages(images))
  }
}
