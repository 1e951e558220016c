load --day {{ ds }}
