// hv image ls: as hv image.

import Image from './index.ts'

export default class ImageLs extends Image {}
