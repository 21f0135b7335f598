// Exports of the specimens' module: the three older designs over one small kernel. Never part of the shipped core.
export { cpu_attach } from '../cpu'
export { specimen_user_get } from './base/arguments'
export { specimen_boot } from './base/boot'
export {
  interruptsOff as specimen_interrupts_disable,
  restoreInterrupts as specimen_interrupts_restore,
} from './base/lock'
export { specimen_program_load, specimen_program_put } from './base/program'
export * from './locked'
export * from './merged'
export { merged_irq_work } from './merged-commands'
export * from './poll'
export {
  rfc_v1_cancel,
  rfc_v1_free,
  rfc_v1_init,
  rfc_v1_set_callback,
  rfc_v1_start,
  rfc_v1_user_put,
  rfc_v1_wq_start,
} from './rfc-v1'
