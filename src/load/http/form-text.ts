/** Fields of a form as Go writes them: browsers leave `*` as it is, and `~` not. */
export function formText(form: URLSearchParams): string {
  return form.toString().replaceAll('*', '%2A').replaceAll('%7E', '~');
}
