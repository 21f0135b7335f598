// The browser that pages are looked at in, if there is one: Debian's chromium, or what CHROMIUM names.
import { accessSync, constants } from 'node:fs'

export const browserPath: string | undefined = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
]
  .filter((path) => path !== undefined)
  .find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
