package sec

// Tags are the tags that any rule reads, by taxonomy.
var Tags = countedTags
