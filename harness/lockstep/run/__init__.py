"""One case on both sides: executed, compared, merged, rewound, step by step."""
