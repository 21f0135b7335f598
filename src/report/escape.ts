// Text inside of HTML and SVG.

/** The text with every character that would mean something there as its number. */
export const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
