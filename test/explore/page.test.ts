// The page of an interleaving in a real browser: what it shows, and that the keyboard steps through it.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { check } from '../../src/explore/check.js'
import { entriesOf, select } from '../../src/explore/subjects/catalogue.js'
import { interleavingPage } from '../../src/report/interleaving-html.js'
import { browserPath } from './browser.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const skip = browserPath === undefined ? 'no chromium is installed' : false

test('the pictures in docs/protocol.md are what the explorer finds, drawn with its names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-picture-'))
  try {
    execFileSync(process.execPath, ['scripts/draw-interleaving.mjs', folder], { cwd: root })
    const drawn = readdirSync(folder)
    assert.equal(drawn.length, 3)
    for (const file of drawn)
      assert.equal(readFileSync(join(folder, file), 'utf8'), readFileSync(join(root, 'docs', file), 'utf8'), file)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the page shows the violation, and the arrow keys step through it', { skip }, async () => {
  const { chosen } = select(entriesOf('locked'), ['set-callback-while-the-timer-fires*'], [])
  const checked = check(chosen[0]!)
  const { trace } = checked.failure!
  const browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage({ viewport: { width: 1500, height: 900 } })
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('request', (request) => {
      if (/^https?:/.test(request.url())) errors.push(`it asks for ${request.url()}`)
    })
    await page.setContent(interleavingPage(checked))
    const text = async (selector: string): Promise<string> => (await page.locator(selector).innerText()).trim()
    assert.match(await text('.wrong'), /access to freed memory at prog#1\.f0/)
    assert.match(await text('header'), new RegExp(checked.failure!.token))
    assert.deepEqual(await page.locator('main th').allInnerTexts(), ['', 'CPU 0', 'CPU 1', 'CPU 2'])
    assert.equal(await page.locator('tr.step').count(), trace.lines.length)
    assert.equal(await text('#at'), `step ${trace.lines.length} of ${trace.lines.length}`)
    assert.match(await text('tr.now'), /program\.ts:\d+\s+load prog#1\.f0/)
    const place = async (selector: string) => (await page.locator(selector).boundingBox())!
    const [end, footer] = [await place('tr.end'), await place('footer')]
    assert.ok(end.y + end.height <= footer.y, 'what is violated is in sight')
    await page.keyboard.press('ArrowUp')
    for (let step = 0; step < trace.lines.length; step++) {
      if ((await page.locator('tr.now').count()) === 0) break
      const [row, heads] = [await place('tr.now'), await place('main thead th:first-child')]
      assert.ok(row.y >= heads.y + heads.height - 1, 'no step is behind the heads')
      await page.keyboard.press('ArrowUp')
    }
    await page.keyboard.press('Home')
    assert.equal(await page.locator('tr.done').count(), 0)
    const value = async (field: string): Promise<string> =>
      (await page.locator('#fields tr', { hasText: field }).locator('td').last().innerText()).trim()
    assert.equal(await value('cb#0.callback'), 'prog#1:f0')
    await page.keyboard.press('ArrowDown')
    assert.equal(await page.locator('tr.now').count(), 1)
    const stored = trace.lines.findIndex(({ text }) => text.startsWith('store cb#0.callback'))
    await page.locator('tr.step').nth(stored).click()
    assert.equal(await value('cb#0.callback'), 'prog#1:f0 → prog#2:f0')
    await page.keyboard.press('ArrowLeft')
    assert.match(await text('#at'), new RegExp(`^step ${stored} of`))
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowUp')
    assert.notEqual(await text('#at'), `step ${trace.lines.length} of ${trace.lines.length}`)
    assert.deepEqual(errors, [])
  } finally {
    await browser.close()
  }
})
