"""What a Glue crawler does between StartCrawler and the catalog: list, classify, group, register.

Sources: https://docs.aws.amazon.com/glue/latest/dg/add-crawler.html, for the rules of grouping also
https://repost.aws/knowledge-center/glue-crawler-detect-schema
"""
