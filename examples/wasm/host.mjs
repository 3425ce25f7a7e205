// What imports.wat imports.
export const log = (n) => console.log('the module says', n);
export const scale = (n) => n * 1.5;
